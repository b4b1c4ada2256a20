// What vm-rejuv.yaml may say of sessions in WildFly or JBoss EAP.

import { z } from 'zod';
import { canary, matching, oneRequestAtATime, refuseTwice, secret } from './fields.js';
import { exampleOf, PLACEHOLDERS } from './machine-address.js';

const USER = 'the name of a user, of visible ASCII characters';
const URL_OF_MANAGEMENT = `an http or https URL without a path, such as http://{host}:9990, ${PLACEHOLDERS}`;

const deployment = matching(/^[^\s/]+$/, 'the name of a deployment, such as shop.war');

export const wildflySchema = z
  .strictObject({
    mechanism: z.literal('wildfly'),
    deployment,
    loseDeployments: z
      .array(deployment, 'a list of names of deployments, such as [admin.war]')
      .superRefine(refuseTwice())
      .default([]),
    management: z.strictObject(
      {
        // What a header of HTTP can quote.
        user: matching(/^[\x21-\x7e]+$/, USER),
        password: secret,
        url: z.string(URL_OF_MANAGEMENT).refine(isUrl, URL_OF_MANAGEMENT).default('http://{host}:9990'),
      },
      '{ user: NAME, password: { env: NAME } }',
    ),
    oneRequestAtATime,
    canary,
  })
  .superRefine(({ deployment: kept, loseDeployments }, context) => {
    const index = loseDeployments.indexOf(kept);
    const message = 'a deployment that is not sessions.deployment: its sessions either move or may be lost';
    if (index >= 0) context.addIssue({ code: 'custom', path: ['loseDeployments', index], message });
  });

function isUrl(text: string): boolean {
  const example = exampleOf(text);
  if (example === null || !/^https?:\/\//.test(example) || !URL.canParse(example)) return false;
  const { href, origin } = new URL(example);
  return href === `${origin}/`;
}
