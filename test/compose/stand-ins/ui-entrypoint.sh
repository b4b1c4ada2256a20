#!/bin/bash
# As the official image: the configuration comes from the environment. The part of it that the layout uses.
set -eu -o pipefail
cat > config/docker.yaml <<END
temporalGrpcAddress: ${TEMPORAL_ADDRESS:-127.0.0.1:7233}
port: ${TEMPORAL_UI_PORT:-8080}
enableUi: true
defaultNamespace: ${TEMPORAL_DEFAULT_NAMESPACE:-default}
refreshInterval: 0s
cors:
  allowOrigins:
    - ${TEMPORAL_CORS_ORIGINS:-http://localhost:8080}
END
exec ./ui-server --env docker start
