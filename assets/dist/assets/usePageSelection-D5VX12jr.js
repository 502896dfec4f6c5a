<<<<<<<< HEAD:assets/dist/assets/usePageSelection-D5VX12jr.js
import{St as e,_t as t}from"./preload-helper-yU1_I5cx.js";import{I as n}from"./index-D9WwaWPI.js";function r(r){let i=null;t(()=>{i=r(),n.value=i}),e(()=>{n.value===i&&(n.value=null)})}export{r as t};
========
import{St as e,_t as t}from"./preload-helper-yU1_I5cx.js";import{I as n}from"./index-C8rkMkLW.js";function r(r){let i=null;t(()=>{i=r(),n.value=i}),e(()=>{n.value===i&&(n.value=null)})}export{r as t};
>>>>>>>> 8affc62 (Show a cause's customers and override whatever its problems are):assets/dist/assets/usePageSelection-ywxRyY9P.js
