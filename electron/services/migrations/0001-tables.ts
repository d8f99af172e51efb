/** What version 0.1.0 made. */
import type { Migration } from './migration.ts';

const TABLES = `
  CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
    bytes INTEGER NOT NULL, added INTEGER NOT NULL,
    state TEXT NOT NULL, tokens INTEGER, warnings TEXT NOT NULL DEFAULT '[]', failure TEXT
  ) STRICT;
  CREATE TABLE pages (
    document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, number INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (document, number)
  ) STRICT;
  CREATE TABLE conversations (
    id TEXT PRIMARY KEY, document TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE, title TEXT NOT NULL,
    created INTEGER NOT NULL, changed INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE turns (
    id TEXT PRIMARY KEY, conversation TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    place INTEGER NOT NULL, question TEXT NOT NULL, asked INTEGER NOT NULL, answers TEXT NOT NULL
  ) STRICT;
  CREATE INDEX turns_by_conversation ON turns (conversation, place);
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`;

export const createTables: Migration = (sqlite) => sqlite.exec(TABLES);
