// As much of Node.js as the tests use; all of its types beside the page's would let the page use what no browser has.

declare module "node:test" {
  export function test(name: string, run: () => void | Promise<void>): void;
}

declare module "node:assert/strict" {
  export function deepEqual(actual: unknown, expected: unknown, message?: string): void;
  export function equal(actual: unknown, expected: unknown, message?: string): void;
}

declare module "node:fs" {
  export function readdirSync(folder: string, options: { recursive: true; encoding: "utf8" }): string[];
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>;
}

declare module "node:path" {
  export function relative(from: string, to: string): string;
}
