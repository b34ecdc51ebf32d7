import { useQuery } from '../state/query';

// Two of a list are chosen by their boxes; the address holds which.

export function chosenIds(value: string | undefined): string[] {
  return value ? value.split(',') : [];
}

export function Choose({ id, what }: { id: string; what: string }) {
  const query = useQuery();
  const chosen = chosenIds(query.get('chosen'));
  return (
    <input
      type="checkbox"
      aria-label={`Choose ${what} ${id.slice(0, 8)}`}
      checked={chosen.includes(id)}
      onClick={(event) => event.stopPropagation()}
      onChange={() =>
        query.set({
          chosen: (chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]).join(','),
        })
      }
    />
  );
}
