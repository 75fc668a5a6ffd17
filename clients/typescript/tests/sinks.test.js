import { deepEqual, equal, rejects } from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BlobSink } from "../dist/index.js";
import { FileSink } from "../dist/node.js";

const folder = await mkdtemp(join(tmpdir(), "fiapx-client-"));
after(() => rm(folder, { recursive: true }));

const path = join(folder, "frames.zip");
const sinks = [
  ["a file", new FileSink(path), (saved) => readFile(saved)],
  ["a Blob", new BlobSink(), async (saved) => Buffer.from(await saved.arrayBuffer())],
];
const bytes = (text) => new TextEncoder().encode(text);

for (const [name, sink, read] of sinks) {
  test(`${name} holds what came, whose it is, and nothing else once it begins anew`, async () => {
    deepEqual(await sink.held(), { etag: null, bytes: 0 });
    await sink.begin('"one"');
    for (const piece of ["of ", "another"]) await sink.write(bytes(piece));
    deepEqual(await sink.held(), { etag: '"one"', bytes: 10 });
    await sink.begin(null);
    deepEqual(await sink.held(), { etag: null, bytes: 0 });
    await sink.begin('"two"');
    await sink.write(bytes("PK"));
    await sink.close();
    await sink.write(bytes("34"));
    equal(await sink.sha256(), createHash("sha256").update("PK34").digest("hex"));
    equal((await read(await sink.finish())).toString(), "PK34");
    await sink.close();
  });
}

test("a file that is whole leaves nothing beside it, and a folder is refused before anything comes", async () => {
  deepEqual(await readdir(folder), ["frames.zip"]);
  await rejects(new FileSink(folder).held(), /is a folder/);
  deepEqual(await readdir(folder), ["frames.zip"]);
});
