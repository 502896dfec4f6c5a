<<<<<<<< HEAD:assets/dist/assets/useAction-DpP38lLn.js
import{Dt as e,u as t}from"./preload-helper-yU1_I5cx.js";import{wt as n}from"./index-D9WwaWPI.js";function r(){let r=e(null);async function i(e,i){if(r.value===null){r.value=e;try{await i()}catch(e){n(t(e))}r.value=null}}return{runningAction:r,runAction:i}}export{r as t};
========
import{Dt as e,u as t}from"./preload-helper-yU1_I5cx.js";import{wt as n}from"./index-C8rkMkLW.js";function r(){let r=e(null);async function i(e,i){if(r.value===null){r.value=e;try{await i()}catch(e){n(t(e))}r.value=null}}return{runningAction:r,runAction:i}}export{r as t};
>>>>>>>> 8affc62 (Show a cause's customers and override whatever its problems are):assets/dist/assets/useAction-CcbnJxrX.js
