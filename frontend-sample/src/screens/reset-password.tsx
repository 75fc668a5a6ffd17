import { useMutation } from "@urql/preact";
import { problemOf } from "../api/client.ts";
import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import * as session from "../api/session.ts";
import { Field, Form } from "../ui/form.tsx";
import { texts } from "../ui/language.ts";
import { go, Link } from "../ui/router.tsx";

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
  [session.sessionFields, problemFields],
);

/** Where the link of the mail leads: its token stands behind the number sign, which no server sees. */
export function ResetPasswordScreen() {
  const t = texts.value;
  const [, reset] = useMutation(ResetPassword);
  const token = new URLSearchParams(location.hash.slice(1)).get("token");

  async function submit({ new: password = "" }: Record<string, string>): Promise<Problem | null> {
    const { data, error } = await reset({ token: token ?? "", new: password });
    if (!data) return problemOf(error!);
    if (data.resetPassword.__typename === "Problem") return data.resetPassword;
    session.begin(data.resetPassword);
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
      <Field label={t.password} name="new" type="password" autocomplete="new-password" minLength={12} maxLength={128} hint={t.passwordHint} />
    </Form>
  );
}
