export const ROWS_READ: number;
export const ROWS_WRITTEN: number;
export function countRows(source: string): string;
