// What has happened, told to whoever does not look: the one live region of the page, and the system's notifications.

import { effect, untracked } from "@preact/signals";
import { type Announcement, announced } from "../state/announcements.ts";
import { type PageStore, spoken } from "../state/page.ts";

/** Milliseconds: what comes within is said together. */
const AT_ONCE = 500;
/** More than so many are said as numbers. */
const TOGETHER = 3;

/** Begin to tell. */
export function announce(store: PageStore): void {
  let waiting: { text: string; failed: boolean }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = (text: string): void => store.part("said").change(spoken, text);

  function speakTogether(): void {
    const failures = waiting.filter(({ failed }) => failed).length;
    const { together } = store.state.peek().words.t.said;
    speak(waiting.length > TOGETHER ? together(waiting.length - failures, failures) : waiting.map(({ text }) => text).join(" "));
    waiting = [];
    timer = undefined;
  }

  /** What comes at once is said together, and much of it as numbers. */
  function speakSoon(name: string, state: string, failed: boolean): void {
    waiting.push({ text: store.state.peek().words.t.said.stateOf(name, state.replace(/\.$/, "")), failed });
    timer ??= setTimeout(speakTogether, AT_ONCE);
  }

  function notify(title: string, body: string, tag: string): void {
    if (store.state.peek().notifications !== "granted" || document.visibilityState === "visible") return;
    try {
      new Notification(title, { body, tag }).onclick = () => window.focus();
    } catch {
      // Chrome on Android shows them from a service worker only.
    }
  }

  function tell(one: Announcement): void {
    const { t, sentence, failure: failureSentence } = store.state.peek().words;
    if (one.kind === "added") speak(t.said.added(one.count));
    else if (one.kind === "removed") speak(t.removed(one.name));
    else if (one.kind === "removedTogether") speak(t.list.removed(one.count));
    else if (one.kind === "failed") speakSoon(one.name, sentence(one.problem), true);
    else {
      const { failure, originalFileName: name, id } = one.video;
      speakSoon(name, failure ? `${t.status.FAILED}. ${failureSentence(failure)}` : t.status.COMPLETED, failure !== null);
      if (failure?.code !== "CANCELED") notify(failure ? t.failedTitle : t.readyTitle, name, id);
    }
  }

  let before = store.state.peek().list;
  effect(() => {
    const { list } = store.state.value;
    const found = announced(before, list);
    before = list;
    untracked(() => found.forEach(tell));
  });
}
