import { expect, test } from 'vitest';
import { tellProved } from '../../cli/proved.js';
import type { SessionsConfig } from '../../config/types.js';

const sessions = (contexts: string[], path: string | null): SessionsConfig =>
  ({ mechanism: 'tomcat-cluster', contexts, canary: path === null ? null : { path } }) as unknown as SessionsConfig;

test.each([
  ['the only application', ['/shop'], '/shop/cart', true, ['/shop'], /^$/],
  ['one of two', ['/office', '/shop'], '/shop/cart', false, ['/shop'], /proved of context \/shop alone: .* none of \/office$/],
  ['the root, as no other has the path', ['', '/shop'], '/shopping', false, [''], /context \(root\) alone: .* none of \/shop$/],
  ['the inner one of two', ['/shop', '/shop/office'], '/shop/office;a=b', false, ['/shop/office'], /none of \/shop$/],
  ['none', ['/shop'], null, false, [], /nobody has proved/],
])('of %s a check says that it is proved, and of the others that it is not', (_what, contexts, path, proved, proves, says) => {
  const { text, value } = tellProved(sessions(contexts, path));

  expect(value).toEqual({ proved, provedContexts: proves });
  expect(text).toMatch(says);
});
