import { render } from 'preact';
import { Redirect, Route, Router, Switch } from 'wouter-preact';
import { Announcer } from './components/Announcer';
import { Layout } from './components/Layout';
import { LazyPart } from './components/LazyPart';
import { parentName, projectOf } from './format/names';
import { PAGES, type Page, type Params } from './routes';

// Another resource is another page, but rows of one list follow each other on theirs.
function keyOf({ path }: Page, params: Params): string {
  return path.replace(/:(\w+)/g, (_, name: string) => (name === 'row' ? name : params[name]!));
}

function Pages({ project }: { project: string }) {
  return (
    <Layout>
      <Switch>
        <Route path="/">
          <Redirect to="/comparisons" replace />
        </Route>
        {PAGES.map((page) => (
          <Route key={page.path} path={page.path}>
            {(params: Params) => (
              <LazyPart key={keyOf(page, params)} of={page} {...page.props(parentName(project), params)} />
            )}
          </Route>
        ))}
        <Route>
          <h1>There is no such page</h1>
          <p>
            <a href="/comparisons">Comparisons</a>
          </p>
        </Route>
      </Switch>
    </Layout>
  );
}

function App() {
  const project = projectOf(location.pathname);
  const base = project === 'default' ? '' : `/projects/${encodeURIComponent(project)}`;
  return (
    <Router base={base}>
      <Pages project={project} />
      <Announcer />
    </Router>
  );
}

export function start(): void {
  render(<App />, document.getElementById('app')!);
}
