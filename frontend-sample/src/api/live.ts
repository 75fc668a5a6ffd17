// The socket: one for the whole page, which finds its way back by itself.

import { signal } from "@preact/signals";
import { createClient } from "graphql-ws";
import { socketUrl } from "./places.ts";
import * as session from "./session.ts";

/** Whether what is on the page is as it is: shown to the user. */
export const live = signal<"connecting" | "live" | "reconnecting">("connecting");

/** How often the socket was opened; whoever missed something reads it again. */
export const connections = signal(0);

const LONGEST_WAIT = 3000;
const PING_EVERY = 10_000;
const PONG_WITHIN = 5000;
/** Our own pings are answered within so long: a socket that heard nothing for longer is dead, such as after the machine slept. */
const SILENCE = 25_000;

let used: string | null = null;
let heard = 0;
let pong: ReturnType<typeof setTimeout> | undefined;
let wakeUp = (): void => {};

/** Wait longer each time, but not past a sign that it may work now. */
function retryWait(retries: number): Promise<void> {
  const wait = Math.min(250 * 2 ** retries, LONGEST_WAIT) * (0.5 + Math.random() / 2);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, wait);
    wakeUp = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

export const socket = createClient({
  url: socketUrl,
  connectionParams: async () => {
    // Without one the service refuses this connection, and the next asks again.
    if (session.needsToken()) await session.refresh().catch(() => {});
    used = session.token();
    return session.headers();
  },
  shouldRetry: () => !session.lapsed.peek(),
  retryAttempts: Number.POSITIVE_INFINITY,
  retryWait,
  keepAlive: PING_EVERY,
  connectionAckWaitTimeout: 10_000,
  on: {
    connected: () => {
      live.value = "live";
      connections.value++;
    },
    message: () => (heard = Date.now()),
    // A dead connection does not say so: the answer to a ping stays away.
    ping: (received) => {
      if (!received) pong = setTimeout(() => socket.terminate(), PONG_WITHIN);
    },
    pong: () => clearTimeout(pong),
    closed: (event) => {
      clearTimeout(pong);
      live.value = "reconnecting";
      // 4403: there is no session, or it is over. The next connection asks for a new token.
      if ((event as CloseEvent).code === 4403) session.refused(used);
    },
  },
});

/**
 * Keep something running over the socket: graphql-ws gives up for good after some close codes (4429, too many sockets, is
 * one), which a page that stays open for days must outlive.
 */
export function keep(start: (failed: () => void) => () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = start(failed);
  function failed(): void {
    live.value = "reconnecting";
    clearTimeout(timer);
    timer = setTimeout(() => {
      stop();
      stop = start(failed);
    }, LONGEST_WAIT);
  }
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function wake(): void {
  if (document.visibilityState === "hidden") return;
  if (live.peek() === "live" && Date.now() - heard > SILENCE) socket.terminate();
  wakeUp();
}
addEventListener("online", wake);
document.addEventListener("visibilitychange", wake);
