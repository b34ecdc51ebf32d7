// Packages without types, of which only the names of the exports are used.
declare module 'd3-geo';
declare module 'd3-scale-chromatic';
