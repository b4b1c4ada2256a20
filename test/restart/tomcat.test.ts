import { test } from 'vitest';
import { tomcatShop } from '../../demo/tomcat-shop.js';
import { restartsThereAndBack } from '../fixtures/there-and-back.js';

test('clean restarts there and back move real Tomcat sessions behind two proxies and lose nothing', () =>
  restartsThereAndBack((directory) => tomcatShop(directory)));
