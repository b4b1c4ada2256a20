// Makes the search attributes known to a namespace of Temporal's, where we may.

import type { Client } from '@temporalio/client';
import { isGrpcServiceError } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes.js';

/** temporal.api.enums.v1.IndexedValueType: INDEXED_VALUE_TYPE_KEYWORD */
const KEYWORD = 2;

/** Whether Temporal knows them all. Who may neither ask nor add them goes without lists by pool. */
export async function ensureSearchAttributes({ connection }: Client, namespace: string): Promise<boolean> {
  const { operatorService } = connection;
  if (operatorService === undefined) return false;
  try {
    const missing = async (): Promise<string[]> => {
      const { customAttributes = {} } = await operatorService.listSearchAttributes({ namespace });
      return SEARCH_ATTRIBUTES.filter((name) => customAttributes?.[name] === undefined);
    };
    const toAdd = await missing();
    if (toAdd.length === 0) return true;
    const searchAttributes = Object.fromEntries(toAdd.map((name) => [name, KEYWORD]));
    await operatorService.addSearchAttributes({ namespace, searchAttributes });
    return (await missing()).length === 0;
  } catch (error) {
    if (isGrpcServiceError(error)) return false;
    throw error;
  }
}
