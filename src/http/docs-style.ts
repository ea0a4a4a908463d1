/** The style of `/docs`, light and dark; its hash is in the page's Content-Security-Policy. */
export const STYLE = `:root{color-scheme:light dark;--line:#8884;--soft:#8881;--accent:light-dark(#0b5cad,#7ab8ff)}
*{box-sizing:border-box}html{scroll-padding-top:1rem}
body{margin:0;font:16px/1.55 system-ui,sans-serif;display:grid;grid-template-columns:16rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;border-right:1px solid var(--line);font-size:.85rem}
nav b{display:block;font-size:1.2rem;margin-bottom:.5rem}nav a{display:block;padding:.15rem 0;color:inherit;text-decoration:none}
nav a:hover,a{color:var(--accent)}main{padding:1.5rem 2rem;max-width:64rem}
section{border-top:1px solid var(--line);padding:.5rem 0 1.5rem}h3{margin:.8rem 0 .2rem}h4{margin:1rem 0 .3rem}
code,pre{font:.85em/1.5 ui-monospace,monospace}pre{background:var(--soft);padding:.8rem;overflow:auto;border-radius:6px}
.call code{font-size:1rem}.call b{display:inline-block;min-width:4.5rem}.get{color:light-dark(#176b32,#6fd390)}
.put,.post,.patch{color:var(--accent)}.delete{color:light-dark(#b3261e,#ff8a80)}
.wide{overflow:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}
tr:target,section:target{background:var(--soft)}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto;max-height:40vh;border:0}main{padding:1rem}}`;
