// What is used of Node.js, whose types would be a dependency.

declare module "node:fs/promises" {
  export interface FileHandle {
    appendFile(data: Uint8Array): Promise<void>;
    close(): Promise<void>;
    createReadStream(options: { start: number; autoClose: boolean }): AsyncIterable<Uint8Array>;
    sync(): Promise<void>;
  }
  export function open(path: string, flags: string): Promise<FileHandle>;
  export function readFile(path: string, encoding: "utf8"): Promise<string>;
  export function rename(from: string, to: string): Promise<void>;
  export function rm(path: string, options: { force: boolean }): Promise<void>;
  export function stat(path: string): Promise<{ readonly size: number; isDirectory(): boolean }>;
  export function writeFile(path: string, data: string): Promise<void>;
}

declare module "node:crypto" {
  export function createHash(algorithm: "sha256"): { update(data: Uint8Array): void; digest(encoding: "hex"): string };
}
