// The page, put together: its store, and all that acts on the world outside of it.

import { computed, effect, type ReadonlySignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import { ReadLimits } from "../api/limits.ts";
import type { Entry } from "../state/list.ts";
import { initial, type PageStore, type Place, type Theme, THEMES } from "../state/page.ts";
import { sessionOf } from "../state/session.ts";
import { createStore } from "../state/store.ts";
import { type Line, linesOf, shown, underWay } from "../state/views.ts";
import { wordsIn } from "../texts/load.ts";
import { type Language, languageOf } from "../texts/words.ts";
import { announce } from "./announcer.ts";
import { asker, createClient } from "./client.ts";
import { count } from "./counts.ts";
import { createList } from "./list.ts";
import { createSocket } from "./live.ts";
import { createLooking } from "./looking.ts";
import { createTokens, keptIn } from "./session.ts";
import { createStorage, type Storage } from "./storage.ts";
import { createUploads } from "./uploads.ts";

/** All that a component may use. */
export type Page = Awaited<ReturnType<typeof createPage>>;

const LANGUAGE = "fiapx.language";
/** src/theme.js reads it too, before anything is drawn. */
const THEME = "fiapx.theme";
const SHORTCUTS = "fiapx.shortcuts";

/** Rejects where the words of the language cannot be loaded. */
export async function createPage() {
  const storage = createStorage();
  const words = await wordsIn(languageOf([storage.read(LANGUAGE), ...navigator.languages]));
  const store = createStore(initial({ ...foundIn(storage), words }));
  const tokens = createTokens(store, storage);
  const socket = createSocket(store, tokens);
  const client = createClient(tokens);
  const ask = asker(client);
  announce(store);
  count(store, ask);
  const list = createList(store, client, ask, socket);
  const looking = createLooking(store, list.read);
  function went(): void {
    store.part("place").change(() => location.pathname);
    looking.follow();
  }
  addEventListener("popstate", went);
  function go(to: Place): void {
    if (location.pathname !== to) history.pushState({ from: location.pathname }, "", to);
    went();
  }
  return {
    ...viewsOf(store),
    store,
    ask,
    socket,
    tokens,
    list,
    looking,
    uploads: createUploads(store, ask),
    go,
    /** Go to the list: back to it as it was, where one came from there. */
    goBack(): void {
      if (history.state?.from === "/") history.back();
      else go("/");
    },
    /** Speak another language; return what the matter is where its words cannot be loaded now. */
    async choose(language: Language): Promise<Problem | null> {
      storage.write(LANGUAGE, language);
      const chosen = await wordsIn(language).catch(() => null);
      if (!chosen) return { code: "NETWORK" };
      // Another one may have been chosen meanwhile.
      if (storage.read(LANGUAGE) === language) store.part("words").change(() => chosen);
      return null;
    },
    chooseTheme(theme: Theme): void {
      storage.write(THEME, theme === "system" ? null : theme);
      store.part("theme").change(() => theme);
    },
    /** Let single keys do something, or nothing. */
    allowShortcuts(isAllowed: boolean): void {
      storage.write(SHORTCUTS, isAllowed ? null : "off");
      store.part("shortcuts").change(() => isAllowed);
    },
    async allowNotifications(): Promise<void> {
      const permission = await Notification.requestPermission();
      store.part("notifications").change(() => permission);
    },
    async readLimits(): Promise<void> {
      const { answer } = await ask(ReadLimits, {});
      if (answer) store.part("limits").change(() => answer);
    },
  };
}

function foundIn(storage: Storage): Omit<Parameters<typeof initial>[0], "words"> {
  return {
    session: sessionOf(keptIn(storage)),
    place: location.pathname,
    notifications: "Notification" in globalThis ? Notification.permission : "denied",
    theme: THEMES.find((theme) => theme === storage.read(THEME)) ?? "system",
    shortcuts: storage.read(SHORTCUTS) !== "off",
  };
}

/** What is shown of the state, each for itself: a component that reads one is drawn anew when that one changes. */
function viewsOf({ state }: PageStore) {
  const words = computed(() => state.value.words);
  const title = computed(() => {
    const now = underWay(state.value.list);
    const parts = [now && `${now.percent} % (${now.active})`, state.value.title, "FIAP X"];
    return parts.filter(Boolean).join(" · ");
  });
  effect(() => {
    document.documentElement.lang = words.value.language;
  });
  const theme = computed(() => state.value.theme);
  effect(() => {
    if (theme.value === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  effect(() => {
    document.title = title.value;
  });
  const entries = computed((): ReadonlyMap<string, Entry> => new Map(state.value.list.entries.map((entry) => [entry.key, entry])));
  const shownEntries = computed(() => shown(state.value.list));
  const lines = steady(computed(() => linesOf(shownEntries.value, state.value.list.opened)), isSameLine);
  return { words, entries, shownEntries, lines };
}

const isSameLine = (one: Line, other: Line | undefined): boolean =>
  one.key === other?.key && one.others === other.others && one.isOpen === other.isOpen && one.isRun === other.isRun;

/** The same list for as long as the same is in it. */
function steady<Part>(list: ReadonlySignal<readonly Part[]>, isSame: (one: Part, other: Part | undefined) => boolean): ReadonlySignal<readonly Part[]> {
  let last: readonly Part[] = [];
  return computed(() => {
    const next = list.value;
    if (next.length !== last.length || next.some((one, index) => !isSame(one, last[index]))) last = next;
    return last;
  });
}
