// A name server that knows no names: without any, gRPC's look-ups in a container wait for their time-outs.
// nxdomain.js ADDRESS

import { createSocket } from 'node:dgram';

const RESPONSE_NXDOMAIN = 0x8183;
const server = createSocket('udp4');
server.on('message', (query, from) => {
  const answer = Buffer.from(query);
  answer.writeUInt16BE(RESPONSE_NXDOMAIN, 2);
  // The header's counts of answers and of records behind them: the question alone is sent back.
  const end = query.indexOf(0, 12) + 5;
  answer.fill(0, 6, 12);
  server.send(answer.subarray(0, end), from.port, from.address);
});
server.bind(53, process.argv[2]);
