// Servers of a few lines sign what is in their forms, and say in each of the usual ways that they do not take one.

import { createHmac, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { mustTakeForms } from '../../activities/sessions/form-canary.js';
import type { MachineConfig } from '../../config/types.js';

type Answer = (response: ServerResponse, isTaken: boolean, page: string) => void;

const redirectTo = (response: ServerResponse, path: string): void => void response.writeHead(302, { location: path }).end();

/** Besides, each page shows the time, who has made it, and a token that nobody has seen before. */
const WAYS: Record<string, Answer> = {
  'an error': (response, isTaken, page) => void response.writeHead(isTaken ? 200 : 500).end(page),
  'an error page with 200, as by redirectMode="ResponseRewrite"': (response, isTaken, page) =>
    void response.end(isTaken ? page : `<h1>Something went wrong</h1><p>${randomUUID()} at ${Date.now()}</p>`),
  'a redirect to a page of errors': (response, isTaken) => redirectTo(response, isTaken ? '/done' : '/error?at=/page'),
  'the form once more, and a word on it': (response, isTaken, page) =>
    void response.end(isTaken ? page : `${page}<p>The token is invalid.</p>`),
};
const NO_WAY: Answer = (response, _isTaken, page) => void response.end(page);
const REDIRECTS_ALWAYS: Answer = (response) => redirectTo(response, `/done;jsessionid=${randomUUID()}`);

async function machine(name: string, key: string, answer: Answer): Promise<MachineConfig> {
  const signature = (text: string): string => createHmac('sha256', key).update(text).digest('base64');
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const nonce = randomUUID();
      const form = new URLSearchParams(body);
      // Like many a page it shows what it was sent.
      const page = `<title>Order by ${name}</title><p>${new Date().toISOString()}</p>
        <form method="post"><input type="hidden" name="order" value="${form.get('order') ?? '5'}">
        <input type="hidden" name="state" value="${nonce}.${signature(nonce)}"></form>${form.get('state') ?? ''}`;
      const [sent = '', signed] = (form.get('state') ?? '').split('.');
      if (request.method === 'POST') answer(response, signed === signature(sent), page);
      else response.end(page);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { name, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } as MachineConfig;
}

async function tryForm(answer: Answer, keys: [string, string]): Promise<void> {
  const [primary, standby] = [await machine('a', keys[0], answer), await machine('b', keys[1], answer)];
  await mustTakeForms({ primary, standby }, '/page');
}

test.each(Object.entries(WAYS))(
  'a form that is answered by %s where it is not taken tells one key from two',
  async (_way, answer) => {
    await tryForm(answer, ['key', 'key']);
    await expect(tryForm(answer, ['key', 'another'])).rejects.toMatchObject({
      code: 'SESSIONS_NOT_MOVABLE',
      message: expect.stringMatching(/^Machine b answered .* to a form of machine a, which itself answered /) as string,
      remedy: expect.stringContaining('same keys') as string,
    });
  },
);

test.each([NO_WAY, REDIRECTS_ALWAYS])('a page whose form is taken with an altered field as well is refused', async (answer) => {
  await expect(tryForm(answer, ['key', 'key'])).rejects.toMatchObject({
    code: 'SESSIONS_NOT_MOVABLE',
    message: expect.stringContaining('with an altered hidden field as it answers its own') as string,
    remedy: expect.stringContaining('sessions.canary.form') as string,
  });
});
