import { tomcatShop } from '../../demo/tomcat-shop.js';
import { conforms } from './conformance.js';

conforms({
  name: 'tomcat-data-source',
  mechanism: 'tomcat-swap, DataSourceStore',
  shop: (directory, sessionsUrl) => tomcatShop(directory, { sessionsUrl }),
});
