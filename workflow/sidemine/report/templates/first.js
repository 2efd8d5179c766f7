// Before anything is laid out: with scripts the comparisons that are not chosen take no place, and the theme is known.
document.documentElement.classList.add("js");
document.documentElement.classList.toggle("dark", window.matchMedia("(prefers-color-scheme: dark)").matches);
