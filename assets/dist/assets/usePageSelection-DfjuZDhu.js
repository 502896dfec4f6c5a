<<<<<<<< HEAD:assets/dist/assets/usePageSelection-Dl5lVIp3.js
import{wt as e,yt as t}from"./preload-helper-C1eLuT_C.js";import{z as n}from"./index-RZA9Irvb.js";function r(r){let i=null;t(()=>{i=r(),n.value=i}),e(()=>{n.value===i&&(n.value=null)})}export{r as t};
========
import{wt as e,yt as t}from"./preload-helper-C1eLuT_C.js";import{J as n}from"./index-NMsuV68o.js";function r(r){let i=null;t(()=>{i=r(),n.value=i}),e(()=>{n.value===i&&(n.value=null)})}export{r as t};
>>>>>>>> 9d53b41 (Show what serves a leaf, and where the light of a dark one stops):assets/dist/assets/usePageSelection-DfjuZDhu.js
