import { tomcatShop } from '../../demo/tomcat-shop.js';
import { conforms } from './conformance.js';

conforms({ name: 'tomcat-file', mechanism: 'tomcat-swap, FileStore', shop: (directory) => tomcatShop(directory) });
