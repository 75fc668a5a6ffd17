// What has happened, told to whoever does not look: the one live region of the page, and the system's notifications.

import { signal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import type { Video } from "../api/video.ts";
import { failureSentence, sentence, texts } from "./language.ts";

/** What the live region says. The number is another each time: the same words again are something new, and to be spoken. */
export const said = signal({ text: "", number: 0 });

function speak(text: string): void {
  said.value = { text, number: said.peek().number + 1 };
}

const TOGETHER = 3;
let waiting: { text: string; failed: boolean }[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Say something; what comes at once is said together, and much of it as numbers. */
function say(text: string, failed = false): void {
  waiting.push({ text, failed });
  timer ??= setTimeout(() => {
    const failures = waiting.filter((one) => one.failed).length;
    speak(
      waiting.length > TOGETHER
        ? texts.value.said.together(waiting.length - failures, failures)
        : waiting.map((one) => one.text).join(" "),
    );
    waiting = [];
    timer = undefined;
  }, 500);
}

export function tellAdded(count: number): void {
  speak(texts.value.said.added(count));
}

export function tellRemoved(name: string): void {
  speak(texts.value.removed(name));
}

/** A processing has ended. */
export function tell(video: Video): void {
  const { said, status, readyTitle, failedTitle } = texts.value;
  const { failure, originalFileName: name } = video;
  const state = failure ? `${status.FAILED}. ${failureSentence(failure)}` : status.COMPLETED;
  say(said.stateOf(name, state.replace(/\.$/, "")), failure !== null);
  if (failure?.code !== "CANCELED") notify(failure ? failedTitle : readyTitle, name, video.id);
}

/** What a user began has failed. */
export function tellProblem(name: string, problem: Problem): void {
  say(texts.value.said.stateOf(name, sentence(problem).replace(/\.$/, "")), true);
}

export const notifications = signal("Notification" in globalThis ? Notification.permission : "denied");

export async function allowNotifications(): Promise<void> {
  notifications.value = await Notification.requestPermission();
}

function notify(title: string, body: string, tag: string): void {
  if (notifications.value !== "granted" || document.visibilityState === "visible") return;
  try {
    new Notification(title, { body, tag }).onclick = () => window.focus();
  } catch {
    // Chrome on Android shows them from a service worker only.
  }
}
