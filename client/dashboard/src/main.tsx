import { render } from 'preact';
import { Redirect, Route, Router, Switch } from 'wouter-preact';
import { takeTokenFromAddress } from './api/token';
import { Announcer } from './components/Announcer';
import { Layout } from './components/Layout';
import { BaselinePage, BaselinesPage } from './pages/BaselinesPage';
import { ClassesPage } from './pages/classes/ClassesPage';
import { ComparisonPage } from './pages/comparison/ComparisonPage';
import { RowPage } from './pages/comparison/RowPage';
import { DatasetDiffPage } from './pages/dataset/DatasetDiffPage';
import { DatasetPage, DatasetVersionPage } from './pages/DatasetPage';
import { ComparisonsPage, DatasetsPage, ModelsPage, RunsPage, TracesPage } from './pages/lists';
import { HistoryPage } from './pages/HistoryPage';
import { LatencyPage } from './pages/latency/LatencyPage';
import { LayersPage } from './pages/layers/LayersPage';
import { ModelPage, ModelVersionPage } from './pages/ModelPage';
import { RunPage } from './pages/RunPage';
import { TraceComparePage } from './pages/trace/ComparePage';
import { TracePage } from './pages/trace/TracePage';
import { parentName, projectOf } from './format/names';
import { applyTheme } from './state/theme';
import './styles/tokens.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/charts.css';

function Pages({ project }: { project: string }) {
  const parent = parentName(project);
  return (
    <Layout>
      <Switch>
        <Route path="/">
          <Redirect to="/comparisons" replace />
        </Route>
        <Route path="/comparisons">
          <ComparisonsPage />
        </Route>
        <Route path="/comparisons/:id">
          {({ id }) => <ComparisonPage key={id} name={`${parent}/comparisons/${id}`} />}
        </Route>
        <Route path="/comparisons/:id/rows/:row">
          {({ id, row }) => <RowPage name={`${parent}/comparisons/${id}`} row={Number(row)} />}
        </Route>
        <Route path="/comparisons/:id/classes">
          {({ id }) => <ClassesPage key={id} name={`${parent}/comparisons/${id}`} />}
        </Route>
        <Route path="/comparisons/:id/latency">
          {({ id }) => <LatencyPage key={id} name={`${parent}/comparisons/${id}`} />}
        </Route>
        <Route path="/comparisons/:id/layers">
          {({ id }) => <LayersPage key={id} name={`${parent}/comparisons/${id}`} />}
        </Route>
        <Route path="/runs">
          <RunsPage />
        </Route>
        <Route path="/runs/:id">{({ id }) => <RunPage key={id} name={`${parent}/runs/${id}`} />}</Route>
        <Route path="/datasets">
          <DatasetsPage />
        </Route>
        <Route path="/datasets/:dataset">
          {({ dataset }) => <DatasetPage key={dataset} name={`${parent}/datasets/${dataset}`} />}
        </Route>
        <Route path="/datasets/:dataset/versions/:version">
          {({ dataset, version }) => (
            <DatasetVersionPage
              key={dataset + version}
              name={`${parent}/datasets/${dataset}/versions/${version}`}
            />
          )}
        </Route>
        <Route path="/datasets/:dataset/versions/:version/diff/:other">
          {({ dataset, version, other }) => (
            <DatasetDiffPage
              key={`${dataset}/${version}/${other}`}
              before={`${parent}/datasets/${dataset}/versions/${version}`}
              after={`${parent}/datasets/${dataset}/versions/${other}`}
            />
          )}
        </Route>
        <Route path="/models">
          <ModelsPage />
        </Route>
        <Route path="/models/:model">
          {({ model }) => <ModelPage key={model} name={`${parent}/models/${model}`} />}
        </Route>
        <Route path="/models/:model/history">
          {({ model }) => <HistoryPage key={model} model={model} />}
        </Route>
        <Route path="/models/:model/versions/:version">
          {({ model, version }) => (
            <ModelVersionPage key={model + version} name={`${parent}/models/${model}/versions/${version}`} />
          )}
        </Route>
        <Route path="/baselines">
          <BaselinesPage />
        </Route>
        <Route path="/baselines/:id">
          {({ id }) => <BaselinePage key={id} name={`${parent}/baselines/${id}`} />}
        </Route>
        <Route path="/traces">
          <TracesPage />
        </Route>
        <Route path="/traces/:id">
          {({ id }) => <TracePage key={id} name={`${parent}/traces/${id}`} />}
        </Route>
        <Route path="/traces/:id/compare/:other">
          {({ id, other }) => (
            <TraceComparePage
              key={`${id}/${other}`}
              before={`${parent}/traces/${id}`}
              after={`${parent}/traces/${other}`}
            />
          )}
        </Route>
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

takeTokenFromAddress();
applyTheme();
render(<App />, document.getElementById('app')!);
