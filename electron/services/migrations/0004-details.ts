/** What was left out of a document, its outline, its pages' own names, and the words that were recognised with their places. */
import type { Migration } from './migration.ts';

const COLUMNS = `
  ALTER TABLE documents ADD COLUMN scans TEXT NOT NULL DEFAULT '{"offered":null,"recognised":0}';
  ALTER TABLE documents ADD COLUMN recognition TEXT;
  ALTER TABLE documents ADD COLUMN put_back INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE pages ADD COLUMN label TEXT;
  ALTER TABLE pages ADD COLUMN confidence REAL;
  ALTER TABLE pages ADD COLUMN words TEXT;
  CREATE TABLE details (
    document TEXT PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE, outline TEXT NOT NULL, left_out TEXT NOT NULL
  ) STRICT;
`;

export const detailsOfDocuments: Migration = (sqlite) => sqlite.exec(COLUMNS);
