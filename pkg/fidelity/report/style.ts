/** @file The style sheet of a report: one palette for light, one for dark; real is ink, generated is orange. */

export const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1c2127;--muted:#5a6470;--grid:#e5e8ec;--edge:#d5dae0;
--real:#4a5a6e;--real-soft:#c9d2dd;--generated:#c9480a;--sample:#2265b5;--external:#6f42c1;--good:#1a7f37;--bad:#b42318}
@media (prefers-color-scheme:dark){:root{--page:#101317;--card:#181c22;--ink:#e7eaee;--muted:#9aa5b1;--grid:#282e36;--edge:#333b45;
--real:#a8b8ca;--real-soft:#3a4654;--generated:#ff8f4f;--sample:#74aef5;--external:#b794f6;--good:#4cc38a;--bad:#ff8d82}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:19px;margin:44px 0 4px}
h3{font-size:14px;font-weight:600;margin:0 0 6px;overflow-wrap:anywhere}
p{margin:0 0 12px;max-width:76ch}
.muted,figcaption{color:var(--muted)}
figcaption{font-size:12.5px;margin-top:4px}
.notice{border:1px solid var(--generated);border-left-width:5px;border-radius:6px;background:var(--card);padding:10px 14px;margin:18px 0}
.notice strong{color:var(--generated)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(168px,1fr));gap:12px;margin:18px 0 0;padding:0}
.cards div{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:12px 14px}
.cards dt{color:var(--muted);font-size:12.5px}
.cards dd{margin:2px 0 0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
.cards dd small{display:block;font-size:12.5px;font-weight:400;color:var(--muted)}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(340px,100%),1fr));gap:14px}
figure{margin:0;background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:14px 14px 10px}
figure.wide{grid-column:1/-1}
svg{display:block;width:100%;height:auto}
figure.wide svg{max-width:900px;margin:0 auto}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 12px;padding:0;list-style:none;font-size:13px;color:var(--muted)}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{width:26px;flex:none}
svg text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}
svg .tick{fill:var(--muted);font-size:10.5px}
svg .label{font-size:12px}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .line{fill:none;stroke-width:1.8;stroke-linejoin:round}
svg .thick{stroke-width:4.5}
svg .dashed{stroke-dasharray:5 4}
svg .diagonal{fill:none;stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3}
svg .real{fill:var(--real);stroke:var(--real)}
svg .real.line{fill:none}
svg .real.thick{stroke:var(--real);stroke-opacity:.42}
svg .real.area{fill:var(--real-soft);stroke:none}
svg .real.bar{fill:var(--real-soft);stroke:none}
svg .generated{fill:var(--generated);stroke:var(--generated)}
svg .generated.line{fill:none}
svg .generated.bar{stroke:none}
svg .sample{fill:var(--card);stroke:var(--sample);stroke-width:1.8}
svg .sample.line{fill:none;stroke-width:1.2;stroke-opacity:.6}
svg .rank1{fill:var(--sample)}
svg .rank2{fill:var(--card)}
svg .rank3{fill:var(--card);stroke-opacity:.45}
svg .external{fill:var(--external);stroke:var(--external)}
svg .range{stroke-width:1.6;stroke-opacity:.5}
svg text.name{stroke:none;font-size:11.5px;font-weight:600}
svg text.name.sample{fill:var(--sample)}
svg text.name.generated{fill:var(--generated)}
svg text.name.external{fill:var(--external)}
svg .level line{stroke:var(--external);stroke-dasharray:6 4;stroke-width:1.3}
svg .half line{stroke:var(--muted);stroke-dasharray:2 3;stroke-width:1.5}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--edge);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
th,td{padding:4px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th:first-child{text-align:left;font-weight:400;position:sticky;left:0;background:var(--card)}
thead th{font-weight:600;border-bottom:1px solid var(--edge)}
tbody th.group{font-weight:600;padding-top:14px}
td.own{color:var(--generated);font-weight:600}
footer{margin-top:44px;color:var(--muted);font-size:13px}
@media print{body{background:#fff}figure{break-inside:avoid}}
`;
