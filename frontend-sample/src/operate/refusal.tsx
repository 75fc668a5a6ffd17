import type { Problem } from "../api/graphql.ts";
import { useWords } from "../ui/page.ts";
import { useTexts } from "./texts.ts";

/** Says what is the matter, as the other page's alert does; some of it only operators meet. */
export function Refusal({ problem }: { problem: Problem | null }) {
  const { problems }: { problems: Partial<Record<Problem["code"], string>> } = useTexts();
  const { sentence } = useWords();
  return <p role="alert" class="problem">{problem && (problems[problem.code] ?? sentence(problem))}</p>;
}
