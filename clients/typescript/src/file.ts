// What is told of a file before it is sent.

import { Refused } from "./refused.ts";

/** By so many the service tells what a file is, and holds the whole against them in the end. */
const HEAD_BYTES = 65_536;

/** The file's beginning. Throws `Refused` with `UNREADABLE` where it is gone, or was changed since it was chosen. */
export async function headOf(file: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  } catch {
    throw new Refused("UNREADABLE", { message: "This file cannot be read any more." });
  }
}

export const base64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** What tells a file apart: its name, size, time of change in whole milliseconds, as browsers know it, and beginning (FNV-1a, 32 bits). */
export function fingerprintOf(name: string, size: number, lastModified: number, head: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of head) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${name}:${size}:${Math.floor(lastModified)}:${(hash >>> 0).toString(16)}`;
}
