// The one entry of every page: each part starts itself where its markup is present.
import { startCheck } from "./check.js";
import { startClock } from "./clock.js";
import { startDelegateBoxes } from "./delegate.js";
import { startLive } from "./live.js";
import { startSignIn } from "./signin.js";
import { showPlace, startTheme } from "./appearance.js";
import { startVoteBox } from "./vote.js";
import { startWalletButton } from "./walletbox.js";

startTheme();
showPlace();
startClock();
startLive();
startWalletButton();
startVoteBox();
startDelegateBoxes();
startSignIn();
startCheck();
