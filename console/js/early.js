// Before the first paint: the colours that were chosen here, if any. A classic script, for modules
// run later.
{
  const theme = localStorage.getItem('tutti-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
