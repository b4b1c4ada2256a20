import { test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { restartsThereAndBack } from '../fixtures/there-and-back.js';

const TIMEOUT_MS = 240_000;

test(
  'clean restarts there and back move real Tomcat sessions in database tables behind two proxies and lose nothing',
  () => restartsThereAndBack((directory, sessionsUrl) => tomcatShop(directory, { sessionsUrl })),
  TIMEOUT_MS,
);
