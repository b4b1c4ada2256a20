// Load balancers and TLS terminators in front of us, whose X-Forwarded-* headers are believed.

import type { Socket } from 'node:net';
import { BlockList, isIP } from 'node:net';

export type IsTrustedPeer = (socket: Socket) => boolean;

/** `peers` are addresses or CIDR blocks, checked by the configuration. A connection is looked up once. */
export function trustedPeers(peers: readonly string[]): IsTrustedPeer {
  if (peers.length === 0) return () => false;
  const list = new BlockList();
  for (const peer of peers) {
    const [address = '', prefix] = peer.split('/');
    const family = familyOf(address);
    list.addSubnet(address, Number(prefix ?? (family === 'ipv4' ? 32 : 128)), family);
  }
  const known = new WeakMap<Socket, boolean>();
  return (socket) => {
    let trusted = known.get(socket);
    if (trusted === undefined) {
      const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
      trusted = isIP(address) !== 0 && list.check(address, familyOf(address));
      known.set(socket, trusted);
    }
    return trusted;
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
