import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { sessionFields } from "../api/viewer.ts";
import { Form, NewPassword } from "../ui/form.tsx";
import { Link } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";

const ResetPassword = graphql(
  `
    mutation ResetPassword($token: String!, $new: String!) {
      resetPassword(token: $token, new: $new) {
        __typename
        ...SessionFields
        ...ProblemFields
      }
    }
  `,
  [sessionFields, problemFields],
);

/** Where the link of the mail leads: its token stands behind the number sign, which no server sees. */
export function ResetPasswordScreen() {
  const { t } = useWords();
  const { ask, tokens, go } = usePage();
  const token = new URLSearchParams(location.hash.slice(1)).get("token");

  async function submit({ new: password = "" }: Record<string, string>): Promise<Problem | null> {
    const { answer, problem } = await ask(ResetPassword, { token: token ?? "", new: password });
    if (problem) return problem;
    tokens.begin(answer);
    go("/");
    return null;
  }

  return (
    <Form
      title={t.newPassword}
      lead={token ? undefined : t.linkBroken}
      submit={t.save}
      onSubmit={submit}
      footer={<Link to="/forgot-password">{t.forgot}</Link>}
    >
      <NewPassword name="new" />
    </Form>
  );
}
