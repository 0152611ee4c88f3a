export function countRows(source: string): string;
