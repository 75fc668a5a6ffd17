import { graphql, type Problem, problemFields } from "../api/graphql.ts";
import { sessionFields } from "../api/viewer.ts";
import { LANGUAGES } from "../texts/words.ts";
import { Field, Form, NewPassword } from "../ui/form.tsx";
import { Link } from "../ui/controls.tsx";
import { usePage, useWords } from "../ui/page.ts";

const Register = graphql(
  `mutation Register($input: RegisterInput!) { register(input: $input) { __typename ...SessionFields ...ProblemFields } }`,
  [sessionFields, problemFields],
);

export function SignUp() {
  const { t, language } = useWords();
  const { ask, tokens, go } = usePage();

  async function submit({ name = "", email = "", password = "" }: Record<string, string>): Promise<Problem | null> {
    const { locale } = LANGUAGES[language];
    const { answer, problem } = await ask(Register, { input: { name, email, password, locale } });
    if (problem) return problem;
    tokens.begin(answer);
    go("/");
    return null;
  }

  return (
    <Form
      title={t.signUp}
      lead={t.tagline}
      submit={t.signUp}
      onSubmit={submit}
      footer={
        <>
          {t.haveAccount} <Link to="/">{t.signIn}</Link>
        </>
      }
    >
      <Field label={t.name} name="name" autocomplete="name" maxLength={255} />
      <Field label={t.email} name="email" type="email" autocomplete="username" />
      <NewPassword name="password" />
    </Form>
  );
}
