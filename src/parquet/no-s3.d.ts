/**
 * Stands for the types of Amazon's S3 client (`paths` in tsconfig.json). The Parquet library can read from S3; we do
 * not, and those types would take a third of the compiler's time.
 */
export {};
