import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Problem } from "../api/graphql.ts";
import { largestFile } from "../api/limits.ts";
import { uniqueKey } from "../effects/upload.ts";
import { usePage, useStore, useWords } from "../ui/page.ts";
import { later } from "../ui/later.tsx";
import { DropCard } from "../work/drop.tsx";
import { MyVideos } from "../work/my-videos.tsx";
import { type Chosen, DEFAULTS, optionsOf } from "../work/options.ts";
import type { Candidate } from "../work/review/dialog.tsx";
import { Unverified } from "./verify-email.tsx";

const ReviewDialog = later(async () => (await import("../work/review/dialog.tsx")).ReviewDialog);

/** The list is read at first, after each reconnection and after each new session; in between it is watched. */
export function useList(): void {
  const { list, readLimits, uploads, store } = usePage();
  const isExpired = useStore(({ session }) => session.isExpired);
  const connections = useStore(({ connection }) => connection.count);
  useEffect(() => {
    if (!isExpired) void list.read();
    if (!store.state.peek().limits) void readLimits();
  }, [isExpired, connections]);
  useEffect(() => (isExpired ? undefined : list.watch()), [isExpired]);
  const inParts = useStore(({ limits }) => limits?.stagedUploads);
  useEffect(() => {
    if (inParts) void uploads.recall();
  }, [inParts]);
  // The next user's page has nothing of this one's.
  useEffect(
    () => () => {
      uploads.dismissAll();
      list.forget();
    },
    [],
  );
}

/** The one page of work: what comes in, and the list of all that came. */
export function Work() {
  const { t, size } = useWords();
  const { go, uploads } = usePage();
  const limits = useStore((state) => state.limits);
  /** What the next files begin with. */
  const usual = useSignal<Chosen>(DEFAULTS);
  const candidates = useSignal<readonly Candidate[]>([]);

  /** Why a file need not be sent at all. */
  function refusal({ name, size: bytes }: File): Problem | null {
    const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
    if (limits && !limits.acceptedExtensions.includes(ending)) return { code: "UNSUPPORTED_FILE_FORMAT" };
    if (limits && bytes > largestFile(limits)) return { code: "FILE_TOO_LARGE" };
    return null;
  }

  /** Review files before they are sent; those that go on where they were, and those that cannot go at all, are in the list at once. */
  function take(files: File[]): void {
    const isSettled = (file: File): boolean => uploads.isLeft(file) || refusal(file) !== null;
    // Both are looked for before anything is added: what goes on is not left any more, and would be sent once more.
    const settled = files.filter(isSettled);
    const more = files.filter((file) => !settled.includes(file)).map((file) => ({ key: uniqueKey(), file }));
    uploads.add(settled.map((file) => ({ file, options: optionsOf(usual.value) })), refusal);
    // On a video's page the list is out of sight, and all that belongs to it.
    if (files.length > 0) go("/");
    candidates.value = [...candidates.value, ...more];
  }

  return (
    <>
      <Unverified />
      <DropCard
        kinds={limits?.acceptedExtensions ?? []}
        hint={limits ? t.limits(size(largestFile(limits)), limits.acceptedExtensions.join(", ")) : ""}
        onFiles={take}
      />
      {candidates.value.length > 0 && (
        <div class="reviewing">
          <ReviewDialog
            candidates={candidates.value}
            chosen={usual.value}
            onStart={(items, next) => {
              uploads.add(items, refusal);
              usual.value = next;
            }}
            onClose={() => (candidates.value = [])}
          />
        </div>
      )}
      <MyVideos onSample={(file) => take([file])} />
    </>
  );
}
