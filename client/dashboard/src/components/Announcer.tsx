import { useEffect, useState } from 'preact/compat';

let show: (text: string) => void = () => {};

// Says a short sentence: shown for a moment, and read out.
export function say(text: string): void {
  show(text);
}

export function Announcer() {
  const [text, setText] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    show = (next) => {
      setText(next);
      clearTimeout(timer);
      timer = setTimeout(() => setText(''), 2500);
    };
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="announcer" role="status" data-shown={text !== ''}>
      {text}
    </div>
  );
}
