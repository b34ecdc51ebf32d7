import { useRouter } from 'wouter-preact';
import { projectOf } from '../format/names';

// The project that the open page is about: the base of the router, else `default`.
export function useProject(): string {
  return projectOf(useRouter().base);
}
