mod ask;
mod interruption;
mod life;
mod listening;
mod routes;
