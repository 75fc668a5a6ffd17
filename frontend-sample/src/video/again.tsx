// Processing the file of a video again, in another way.

import { useSignal } from "@preact/signals";
import type { Problem } from "../api/graphql.ts";
import type { Viewed } from "../api/viewed.ts";
import { Alert, useOnce } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";
import { chosenOf, optionsOf } from "../work/options.ts";
import { OptionsFields } from "../work/options-fields.tsx";
import { useVideoTexts } from "./texts.ts";

export function Again({ video }: { video: Viewed }) {
  const { t } = useWords();
  const texts = useVideoTexts();
  const { list, go } = usePage();
  const chosen = useSignal(chosenOf(video.options));
  const problem = useSignal<Problem | null>(null);

  const [again, busy] = useOnce(async () => {
    const outcome = await list.reprocess(video.id, optionsOf(chosen.value));
    problem.value = outcome.problem;
    if (outcome.answer) go(`/videos/${outcome.answer.id}`);
  });

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    void again();
  }

  return (
    <form onSubmit={submit}>
      <p class="hint">{texts.againHint}</p>
      <OptionsFields chosen={chosen} />
      <Alert problem={problem.value} />
      <button class="primary" aria-disabled={busy}>{t.again}</button>
    </form>
  );
}
