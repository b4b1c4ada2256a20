// What clients of web services see of a clean restart: those with cookies go on with their conversation, those without have none to lose.

import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { request } from 'undici';
import { expect, test } from 'vitest';
import type { Installation, PoolFile, RunningProxyProcess } from '../../demo/installation.js';
import type { CleanRestartHandle } from '../../worker/temporal-client.js';
import { createTestInstallation } from '../fixtures/installation.js';
import { aspnetShop } from '../fixtures/servers/aspnet.js';
import { soapOnTomcat } from '../fixtures/servers/soap-on-tomcat.js';
import type { SoapClient, SoapService } from '../fixtures/soap-clients.js';
import { nodeSoapClient, zeepClient } from '../fixtures/soap-clients.js';

const NAMESPACE = 'urn:vm-rejuv:conversation';
const ADDRESSING = 'http://www.w3.org/2005/08/addressing';
const ENVELOPES = {
  '1.1': { namespace: 'http://schemas.xmlsoap.org/soap/envelope/', type: 'text/xml; charset=utf-8' },
  '1.2': { namespace: 'http://www.w3.org/2003/05/soap-envelope', type: 'application/soap+xml; charset=utf-8' },
} as const;
/** Between two calls of a client: a user of Tomcat's that never rests is left for the last hold. */
const PAUSE_MS = 200;
/** Several times what a proxy that streams takes until its garbage is collected (33 MB, measured). */
const ATTACHMENT_BYTES = 160 * 2 ** 20;
const CHUNK = Buffer.alloc(65_536, 'attachment');

interface Served {
  installation: Installation;
  proxy: RunningProxyProcess;
  startRestart: () => Promise<CleanRestartHandle>;
}

test('soap: conversations with an .asmx service of ASP.NET, with what its clients send and get', async () => {
  const served = await serve(aspnetShop);
  const page = `${served.proxy.url}/shop/Conversation.asmx`;
  const services: SoapService[] = [
    { wsdl: `${page}?wsdl`, port: 'ConversationSoap', version: '1.1' },
    { wsdl: `${page}?wsdl`, port: 'ConversationSoap12', version: '1.2' },
  ];
  await goesOnOver(served, services);

  for (const service of services) {
    const client = await nodeSoapClient(service);
    for (const name of ['Action', 'MessageID', 'ReplyTo'])
      client.addHeader(`<wsa:${name} xmlns:wsa="${ADDRESSING}" id="${name}"> urn:${name}  &amp; more </wsa:${name}>`);
    const received = await client.call('Received');
    expect(received).toBe(client.last.request);
    expect(received).toContain('<wsa:MessageID');
    await faultIsUnchanged(served, '/shop/Conversation.asmx', service.version, 'c:reason');
  }
});

test(
  'soap: conversations with a service of Apache CXF on Tomcat, with WS-Addressing, faults and attachments',
  { timeout: 600_000 },
  async () => {
    const served = await serve(soapOnTomcat);
    const services: SoapService[] = [
      { wsdl: `${served.proxy.url}/soap/soap11?wsdl`, port: 'ConversationPort', version: '1.1' },
      { wsdl: `${served.proxy.url}/soap/soap12?wsdl`, port: 'ConversationPort', version: '1.2' },
    ];
    await goesOnOver(served, services);

    for (const service of services) {
      const client = await nodeSoapClient(service);
      client.addHeader(`<wsa:Action xmlns:wsa="${ADDRESSING}">${NAMESPACE}/Conversation/Add</wsa:Action>`);
      client.addHeader(`<wsa:MessageID xmlns:wsa="${ADDRESSING}">urn:uuid:this-one</wsa:MessageID>`);
      expect(await client.call('Add', { item: 'x' })).toBe(1);
      expect(client.last.response).toMatch(/<RelatesTo[^>]*>urn:uuid:this-one</);
      await faultIsUnchanged(served, `/soap/soap${service.version.replace('.', '')}`, service.version, 'reason');
    }

    const { pid, url } = served.proxy;
    // What buffers an attachment is seen.
    const kept: Buffer[] = [];
    const buffered = await growthOf(process.pid, async () => {
      for (const chunk of attachment()) kept.push(Buffer.from(chunk));
      await sleep(100);
    });
    expect(buffered).toBeGreaterThan(ATTACHMENT_BYTES * 0.8);
    kept.length = 0;
    const streamed = await growthOf(pid, () => uploads(`${url}/soap/soap11`));
    console.log(JSON.stringify({ attachmentBytes: ATTACHMENT_BYTES, proxyGrewBytes: streamed }));
    expect(streamed).toBeLessThan(ATTACHMENT_BYTES / 2);
  },
);

async function serve(pool: (directory: string) => Promise<PoolFile>): Promise<Served> {
  const { installation, startRestart } = await createTestInstallation(pool);
  await installation.bootMachines();
  const proxy = await installation.startProxy();
  await installation.startWorker();
  return { installation, proxy, startRestart };
}

/** Every client calls, one call after the other, from before a clean restart until after it. */
async function goesOnOver({ startRestart }: Served, services: readonly SoapService[]): Promise<void> {
  const conversing: SoapClient[] = [];
  for (const service of services) conversing.push(await nodeSoapClient(service), zeepClient(service));
  const [first = { wsdl: '', port: '', version: '1.1' }] = services;
  const forgetful = [await nodeSoapClient(first, 'without'), zeepClient(first, 'without')];
  for (const client of [...conversing, ...forgetful]) expect(await client.call('Add', { item: 'first' }), client.name).toBe(1);
  let over = false;
  const converse = async (client: SoapClient, countOf: (call: number) => number): Promise<number> => {
    let calls = 1;
    for (; !over; await sleep(PAUSE_MS)) expect(await client.call('Add', { item: 'x' }), client.name).toBe(countOf(++calls));
    return calls;
  };
  const all = Promise.all([
    ...conversing.map((client) => converse(client, (call) => call)),
    ...forgetful.map((client) => converse(client, () => 1)),
  ]);
  const restart = await startRestart();
  const result = await Promise.race([restart.result(), all.then(() => null)]).finally(() => (over = true));
  const calls = await all;
  console.log(JSON.stringify({ calls, sessionsMoved: result?.sessionsMoved }));
  expect(result?.sessionsNotMoved).toBe(0);
  expect(result?.sessionsMoved).toBeGreaterThanOrEqual(conversing.length);
  for (const client of conversing) expect(await client.call('Add', { item: 'y' }), client.name).toBeGreaterThan(1);
}

/** Through the proxy and from the active machine itself. */
async function faultIsUnchanged(
  { installation, proxy }: Served,
  path: string,
  version: SoapService['version'],
  reason: string,
): Promise<void> {
  const { namespace, type } = ENVELOPES[version];
  const body =
    `<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="${namespace}"><s:Body>` +
    `<c:Fail xmlns:c="${NAMESPACE}"><${reason}>no &lt;reason&gt; à la carte</${reason}></c:Fail></s:Body></s:Envelope>`;
  const ask = async (origin: string): Promise<unknown> => {
    // Of ASP.NET's operations; CXF goes by what is in the body.
    const headers = { 'content-type': type, soapaction: path.endsWith('.asmx') ? `"${NAMESPACE}/Fail"` : '""' };
    const answer = await request(`${origin}${path}`, { method: 'POST', headers, body });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    return { status: answer.statusCode, type: answer.headers['content-type'], bytes: bytes.toString('latin1') };
  };
  const active = installation.pool.machines[1];
  const direct = await ask(active.url);
  expect(direct).toMatchObject({ status: 500, bytes: expect.stringContaining('no &lt;reason') as string });
  expect(await ask(proxy.url)).toEqual(direct);
}

function* attachment(): Generator<Buffer> {
  for (let sent = 0; sent < ATTACHMENT_BYTES; sent += CHUNK.length) yield CHUNK;
}

/** As MTOM sends it: a multipart message, in whose first part stands where the attachment belongs (SOAP MTOM, section 3). */
async function uploads(url: string): Promise<void> {
  const boundary = 'part-of-the-test';
  const part = (id: string, type: string): string =>
    `--${boundary}\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <${id}>\r\n\r\n`;
  const envelope =
    `<s:Envelope xmlns:s="${ENVELOPES['1.1'].namespace}"><s:Body><c:Upload xmlns:c="${NAMESPACE}"><data>` +
    '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:data@test"/></data></c:Upload></s:Body></s:Envelope>';
  async function* message(): AsyncGenerator<Buffer | string> {
    yield part('root@test', 'application/xop+xml; charset=UTF-8; type="text/xml"') + envelope + '\r\n';
    yield part('data@test', 'application/octet-stream');
    yield* attachment();
    yield `\r\n--${boundary}--\r\n`;
    await Promise.resolve();
  }
  const type = `multipart/related; type="application/xop+xml"; start="<root@test>"; start-info="text/xml"; boundary="${boundary}"`;
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': type, soapaction: '""' },
    body: Readable.from(message()),
  });
  let sum = 0;
  for (const chunk of attachment()) sum = crc32(chunk, sum);
  expect(await answer.body.text()).toContain(`<return>${ATTACHMENT_BYTES} ${sum.toString(16)}</return>`);
}

/** By how many bytes the resident memory of a process has grown at most while `work` went on. */
async function growthOf(pid: number, work: () => Promise<void>): Promise<number> {
  const resident = async (): Promise<number> => {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib) * 1024;
  };
  const before = await resident();
  let most = before;
  let isOver = false;
  const working = work().finally(() => (isOver = true));
  while (!isOver) {
    await sleep(10);
    most = Math.max(most, await resident());
  }
  await working;
  return most - before;
}
