#!/bin/sh
# One machine, in its own directory: nginx in front, and the application's Mono behind it. Both end with it.
cd "$(dirname "$0")" || exit 1
mkdir -p temporary
MONO_THREADS_PER_CPU=50 mono --gc=sgen /usr/lib/mono/4.5/fastcgi-mono-server4.exe \
  --applications=/shop:application --socket=tcp:127.0.0.1:9000 &
exec nginx -p "$PWD" -c nginx.conf
