import { graphql, problemFields } from "../api/graphql.ts";
import { sessionFields } from "../api/viewer.ts";
import { Field, Form } from "../ui/form.tsx";
import { Link } from "../ui/controls.tsx";
import { usePage, useStore, useWords } from "../ui/page.ts";

export const Login = graphql(
  `mutation Login($input: LoginInput!) { login(input: $input) { __typename ...SessionFields ...ProblemFields } }`,
  [sessionFields, problemFields],
);

/** Sign in; `again` where a session has ended and the page waits for the next one. */
export function SignIn({ again = false }: { again?: boolean }) {
  const { t } = useWords();
  const { ask, tokens } = usePage();
  const known = useStore(({ session }) => session.user?.email);

  async function submit({ email = "", password = "" }: Record<string, string>) {
    const { answer, problem } = await ask(Login, { input: { email, password } });
    if (answer) tokens.begin(answer);
    return problem;
  }

  return (
    <Form
      title={t.signIn}
      lead={again ? t.sessionEnded : t.tagline}
      submit={t.signIn}
      onSubmit={submit}
      footer={
        again ? (
          <button type="button" class="link" onClick={tokens.end}>{t.notYou}</button>
        ) : (
          <>
            {t.newHere} <Link to="/sign-up">{t.signUp}</Link>
            <br />
            <Link to="/forgot-password">{t.forgot}</Link>
          </>
        )
      }
    >
      <Field label={t.email} name="email" type="email" autocomplete="username" defaultValue={again ? known : ""} />
      <Field label={t.password} name="password" type="password" autocomplete="current-password" />
    </Form>
  );
}
