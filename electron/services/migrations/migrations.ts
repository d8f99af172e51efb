/** All steps in order; the database's version is the number of those it has been through. A step that was released never changes. */
import { createTables } from './0001-tables.ts';
import { failuresAsData } from './0002-failures.ts';
import { policiesAsPlans } from './0003-plans.ts';
import { detailsOfDocuments } from './0004-details.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [createTables, failuresAsData, policiesAsPlans, detailsOfDocuments];
