<<<<<<<< HEAD:assets/dist/assets/useAction-ObAeC7iU.js
import{kt as e,u as t}from"./preload-helper-C1eLuT_C.js";import{Ct as n}from"./index-RZA9Irvb.js";function r(){let r=e(null);async function i(e,i){if(r.value===null){r.value=e;try{await i()}catch(e){n(t(e))}r.value=null}}return{runningAction:r,runAction:i}}export{r as t};
========
import{kt as e,u as t}from"./preload-helper-C1eLuT_C.js";import{It as n}from"./index-NMsuV68o.js";function r(){let r=e(null);async function i(e,i){if(r.value===null){r.value=e;try{await i()}catch(e){n(t(e))}r.value=null}}return{runningAction:r,runAction:i}}export{r as t};
>>>>>>>> 9d53b41 (Show what serves a leaf, and where the light of a dark one stops):assets/dist/assets/useAction-CWoI82ZZ.js
