//! What governments and firms do, as data: shocks, licensing, behaviour. Nothing here acts; the kernel does.

pub mod joint;
pub mod licence;
pub mod parameter;
pub mod regime;
pub mod response;
pub mod shock;
