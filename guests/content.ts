// What is in the guests' images: Tomcat with the shop, the Node shop, and vm-rejuv's own proxy.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideTomcat } from '../embedded/tomcat-kit.js';
import type { ImageOptions } from './image.js';

export const IMAGES = ['tomcat', 'node', 'proxy'] as const;
export type ImageName = (typeof IMAGES)[number];

export interface Content {
  name: ImageName;
  /** Of Debian, besides what each image has. */
  packages: readonly string[];
  /** Files or directories of this host, and where they are in the guest. */
  files: readonly (readonly [from: string, to: string])[];
  /** Program of this host that becomes /bin/node, or none. */
  programs: readonly string[];
  /** Differs where what is copied from this host does. */
  version: string;
}

/** Where a guest of the image `tomcat` finds its Tomcat. */
export const TOMCAT_IN_GUEST = {
  home: '/opt/tomcat',
  war: '/opt/shop/shop.war',
  jdbcDriver: '/opt/shop/postgresql.jar',
} as const;
export const JAVA_IN_GUEST = '/usr/lib/jvm/java-17-openjdk-amd64';
/** Where a guest of the images `node` and `proxy` finds the compiled project. */
export const DIST_IN_GUEST = '/opt/vm-rejuv/dist';

const ROOT = fileURLToPath(new URL(import.meta.url.includes('/dist/') ? '../..' : '..', import.meta.url));
/** Compiled folders that each of them runs. */
export const COMPILED = {
  node: ['demo/node-app'],
  proxy: ['activities', 'aging', 'cli', 'config', 'embedded', 'policy', 'proxy', 'state', 'workflows'],
} as const;
/** Packages that these folders load: a proxy does without Temporal's client. */
export const PACKAGES = {
  node: ['pg'],
  proxy: [
    '@fastify/http-proxy',
    'commander',
    'fastest-levenshtein',
    'fastify',
    'node-pg-migrate',
    'pg',
    'prom-client',
    'undici',
    'yaml',
    'zod',
  ],
} as const;

interface PackageFile {
  dependencies?: Record<string, string>;
}

export async function contentOf(name: ImageName, { onProgress, signal }: ImageOptions): Promise<Content> {
  if (name !== 'tomcat') return nodeContent(name);
  const kit = await provideTomcat(onProgress, signal);
  return {
    ...{ name, packages: ['openjdk-17-jre-headless'], programs: [] },
    files: [
      [kit.home, TOMCAT_IN_GUEST.home],
      [kit.war, TOMCAT_IN_GUEST.war],
      [kit.jdbcDriver, TOMCAT_IN_GUEST.jdbcDriver],
    ],
    version: basename(dirname(kit.war)),
  };
}

/** The same Node as here: Debian 12's is older than what vm-rejuv needs. */
function nodeContent(name: 'node' | 'proxy'): Content {
  const compiled = COMPILED[name].map((folder) => join(ROOT, 'dist', folder));
  const packages = installedPackages(ROOT, PACKAGES[name]);
  const files = [join(ROOT, 'package.json'), ...compiled, ...packages].map(
    (path) => [path, join('/opt/vm-rejuv', relative(ROOT, path))] as const,
  );
  const hash = createHash('sha256').update(process.version).update(packages.join());
  for (const path of [join(ROOT, 'package-lock.json'), ...compiled.flatMap(filesIn)]) hash.update(readFileSync(path));
  return { name, packages: ['libstdc++6'], files, programs: [process.execPath], version: hash.digest('hex') };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Folders of these packages and of whatever they need, where npm has put them. */
function installedPackages(root: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const add = (from: string, name: string): void => {
    const folder = folderOf(from, name);
    if (folder === null || found.has(folder)) return;
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageFile;
    for (const needed of Object.keys(dependencies)) add(folder, needed);
  };
  for (const name of names) add(root, name);
  const folders = [...found].sort();
  // One that lies in another comes with it.
  return folders.filter((folder) => !folders.some((other) => folder.startsWith(`${other}/`)));

  function folderOf(from: string, name: string): string | null {
    const folder = join(from, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    return from === root ? null : folderOf(dirname(from), name);
  }
}
