import { useEffect, useRef, useState } from 'preact/compat';
import { Span_Status } from '../../api/gen/assay/v1/trace_service_pb';
import { duration } from '../../format/numbers';
import type { SpanRow } from './spans';

const HEIGHT = 56;

// Every span of the trace as a line on one canvas; a drag zooms the rows below.
export function Overview({
  rows,
  total,
  from,
  to,
  onZoom,
}: {
  rows: SpanRow[];
  total: number;
  from: number;
  to: number;
  onZoom: (from: number, to: number) => void;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drag, setDrag] = useState<[number, number] | undefined>();
  const [theme, setTheme] = useState(0);

  useEffect(() => {
    const redraw = () => setTheme((n) => n + 1);
    window.addEventListener('assay-theme', redraw);
    window.addEventListener('resize', redraw);
    return () => {
      window.removeEventListener('assay-theme', redraw);
      window.removeEventListener('resize', redraw);
    };
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) {
      return;
    }
    const scale = devicePixelRatio;
    const width = element.clientWidth;
    element.width = width * scale;
    element.height = HEIGHT * scale;
    context.scale(scale, scale);
    const style = getComputedStyle(element);
    const depth = 1 + rows.reduce((most, row) => Math.max(most, row.depth), 0);
    const line = Math.max(1, HEIGHT / depth);
    const [bad, accent, muted] = ['--bad', '--accent', '--muted'].map((name) => style.getPropertyValue(name));
    for (const row of rows) {
      context.fillStyle = (row.span.status === Span_Status.ERROR ? bad : row.isCritical ? accent : muted)!;
      context.fillRect(
        (row.start / total) * width,
        row.depth * line,
        Math.max(1, (row.duration / total) * width),
        Math.max(1, line - 1),
      );
    }
    const [left, right] = drag ?? [from / total, to / total];
    context.fillStyle = style.getPropertyValue('--shade');
    context.fillRect(0, 0, Math.min(left, right) * width, HEIGHT);
    context.fillRect(Math.max(left, right) * width, 0, width, HEIGHT);
  }, [rows, total, from, to, drag, theme]);

  const share = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  return (
    <canvas
      ref={canvas}
      class="overview"
      role="img"
      aria-label={`All ${rows.length} spans over ${duration(total)}; shown below: ${duration(from)} to ${duration(to)}. The keys + and - zoom, a and d move.`}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag([share(event), share(event)]);
      }}
      onPointerMove={(event) => drag && setDrag([drag[0], share(event)])}
      onPointerUp={(event) => {
        if (drag) {
          const end = share(event);
          const [left, right] = [Math.min(drag[0], end), Math.max(drag[0], end)];
          setDrag(undefined);
          onZoom(...(right - left < 0.003 ? [0, total] : [left * total, right * total]) as [number, number]);
        }
      }}
      onDblClick={() => onZoom(0, total)}
    />
  );
}
