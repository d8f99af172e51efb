/** Failures were kept in words; now they are a code with data, and the old ones are told as they were. */
import { isRecord, type Migration, rewriteJson } from './migration.ts';

export const failuresAsData: Migration = (sqlite) => {
  rewriteJson(sqlite, { table: 'documents', key: 'id', column: 'failure' }, asData);
  rewriteJson(sqlite, { table: 'turns', key: 'id', column: 'answers' }, (answers) =>
    Array.isArray(answers)
      ? answers.map((each) => (isRecord(each) ? { ...each, failure: asData(each.failure) } : each))
      : [],
  );
};

function asData(failure: unknown): unknown {
  if (!isRecord(failure)) return null;
  const { code, message, wayOut, detail } = failure;
  if (message === undefined && isRecord(detail)) return failure; // By a version between the two.
  return { code: 'told-earlier', detail: { message: String(message ?? code), wayOut: String(wayOut ?? '') } };
}
