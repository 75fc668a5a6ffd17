// Does one thing with videos, and says each step: URL, key (or address and password, a line each), what to do, and with what.

import { subscribe } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { FiapX, Refused } from "fiapx-client";
import { FileSink } from "fiapx-client/node";

const [url, key, deed, ...given] = process.argv.slice(2);
const say = (step) => process.stdout.write(`${JSON.stringify(step)}\n`);
const [email, password] = key.split("\n");
const fiapx = new FiapX(password ? { url } : { url, key });

/** A file that says when it begins anew, and takes no more than so much until there is a file to go on at. */
class Told extends FileSink {
  constructor(path, room = Infinity, goesOn) {
    super(path);
    Object.assign(this, { room: Number(room), goesOn });
  }

  async begin(etag) {
    say({ begins: etag });
    await super.begin(etag);
  }

  async write(piece) {
    await super.write(piece);
    this.room -= piece.length;
    if (this.room > 0) return;
    say({ holds: true });
    while (!existsSync(this.goesOn)) await setTimeout(10);
    this.room = Infinity;
  }
}

const deeds = {
  async watch(id) {
    for await (const { status, progress } of fiapx.watch(id)) say({ status, percent: progress.percent });
  },
  async leave(id) {
    for await (const { status } of fiapx.watch(id)) {
      say({ status });
      break;
    }
  },
  async list() {
    for await (const { id, status } of fiapx.videos()) say({ id, status });
  },
  async download(id, ...to) {
    subscribe("undici:request:headers", ({ response: { statusCode } }) => say({ answered: statusCode }));
    const onChange = ({ problem, ...now }) => say({ ...now, problem: problem?.code });
    say({ saved: await fiapx.download(id, new Told(...to), { onChange }) });
  },
  async cancel(id, path) {
    const stop = new AbortController();
    await fiapx.download(id, new FileSink(path), { signal: stop.signal, onChange: () => stop.abort() });
  },
  video: async (id) => say(await fiapx.video(id)),
  wait: async (id) => say(await fiapx.wait(id)),
  delete: async (id) => (await fiapx.delete(id), say({ deleted: id })),
};

try {
  if (password) await fiapx.signIn(email, password);
  await deeds[deed](...given);
} catch (error) {
  say({ name: error.name, code: error instanceof Refused ? error.code : null, message: error.message });
}
