// What every client is asked to do, and how it says what came of it: one line of JSON for each step.

export const [url, token] = process.argv.slice(2);
export const wsUrl = url.replace(/^http/, "ws");
export const authorization = `Bearer ${token}`;

export const ME = "query Me { me { name } }";
export const NOBODYS = `query Nobodys($id: ID!) {
  video(id: $id) { __typename ... on Problem { code } ... on VideoProcessing { id } }
}`;
export const TOO_MANY = "query TooMany { videos(first: 1000) { totalCount } }";
export const UPLOAD = `mutation Upload($file: Upload!) {
  uploadVideo(file: $file) { __typename ... on VideoProcessing { id status } ... on Problem { code message } }
}`;
export const STATUS = `subscription Status($id: ID!) {
  videoStatus(id: $id) { __typename ... on VideoProcessing { id status } ... on Problem { code } }
}`;
export const UNKNOWN = { id: "00000000-0000-4000-8000-000000000000" };

export function say(step, fields = {}) {
  process.stdout.write(`${JSON.stringify({ step, ...fields })}\n`);
}

/** A small file that begins as an MP4 does. */
export function file() {
  const begin = [0, 0, 0, 0x20, ...Buffer.from("ftypisom")];
  return new File([Uint8Array.from(begin), new Uint8Array(4096)], "férias.mp4", { type: "video/mp4" });
}

/** Wait between tries to connect: short, since a test waits with us. */
export const retryWait = () => new Promise((resolve) => setTimeout(resolve, 100));

process.on("unhandledRejection", (error) => {
  console.error(error);
  process.exit(1);
});
