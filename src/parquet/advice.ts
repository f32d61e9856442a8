/**
 * How to rewrite a user's Parquet file that is not usable here, as one statement of DuckDB. The file is the user's, so
 * a sentence never advises to remove it or to write over it.
 */
import { basename } from 'node:path';
import type { ColumnType } from './columns.js';

const SQL_TYPE: Readonly<Record<ColumnType, string>> = {
  string: 'VARCHAR',
  double: 'DOUBLE',
  int64: 'BIGINT',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMPTZ',
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Into another folder, so that the file keeps its name. `what`: clauses before FROM, `where`: after it. */
function copy(path: string, { what = '', where = '', keys = '' }): string {
  return `COPY (${what}FROM ${quoted(path)}${where}) TO ${quoted(`rewritten/${basename(path)}`)} (FORMAT parquet, COMPRESSION snappy${keys})`;
}

/** The end of a sentence on a file that another program may read. */
export function rewriteAdvice(path: string): string {
  return `If DuckDB or pandas reads it, rewrite it and name that folder (DuckDB: ${copy(path, {})}); if not, write it again from where it comes.`;
}

/** The same on a file that is too large; the date is an example. */
export function shortenAdvice(path: string): string {
  return `DuckDB reads it: rewrite the days that are needed and name that folder (${copy(path, { where: " WHERE timestamp >= TIMESTAMPTZ '2026-01-01'" })}).`;
}

/** The same on a file without the column `name`. */
export function renameAdvice(path: string, name: string): string {
  return `If another column holds it, here "c", rewrite the file and name that folder (DuckDB: ${copy(path, { what: `SELECT *, "c" AS "${name}" ` })}).`;
}

/** The same on a file whose column `name` has another type. */
export function castAdvice(path: string, name: string, type: ColumnType): string {
  return `Rewrite the file and name that folder (DuckDB: ${copy(path, { what: `SELECT * REPLACE (CAST("${name}" AS ${SQL_TYPE[type]}) AS "${name}") ` })}).`;
}

/** The same on a file with a footer key that says another `volume_kind`. */
export function volumeKindAdvice(path: string): string {
  return `Rewrite the file with what its volume is and name that folder (DuckDB: ${copy(path, { keys: ", KV_METADATA {volume_kind: 'traded'}" })}).`;
}
