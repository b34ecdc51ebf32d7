import { askEarly } from './api/early';
import { takeTokenFromAddress } from './api/token';
import { loadOthers, pageAt } from './routes';
import { applyTheme } from './state/theme';
import './styles/tokens.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/charts.css';

const OTHERS_AFTER_MS = 2000;

// A small script that begins everything at once: what the page will ask the server for, the frame of
// all pages, and the page that the address shows.
takeTokenFromAddress();
askEarly();
applyTheme();
const page = pageAt(location.pathname)?.load().catch(() => {}); // asked for again where it is shown
void Promise.all([import('./App'), page]).then(([{ start }]) => {
  start();
  setTimeout(() => void loadOthers(), OTHERS_AFTER_MS);
});
